/** The steps of a rehearsal, in their order. */
import type { RehearsalStep } from './rehearsal.ts';
import { deploySteps } from './steps/deploy.ts';
import { destroyStep, protectedStep } from './steps/destroy.ts';
import { faultsStep } from './steps/faults.ts';
import { filesStep } from './steps/files.ts';
import { imageStep } from './steps/image.ts';
import { listsStep } from './steps/lists.ts';
import { keptStep, loadStep } from './steps/load.ts';
import { machinesStep } from './steps/machines.ts';
import { messagesStep } from './steps/messages.ts';
import { nodesStep } from './steps/nodes.ts';
import { refreshStep } from './steps/refresh.ts';
import { emptiedStep, leavingStep, retiredStep } from './steps/retire.ts';
import { scaleOutStep, spreadStep } from './steps/scale-out.ts';
import { servicesStep } from './steps/services.ts';
import { rollStep, settingStep } from './steps/setting.ts';
import { topicsStep } from './steps/topics.ts';

export const rehearsalSteps: readonly RehearsalStep[] = [
  ...deploySteps,
  imageStep,
  listsStep,
  machinesStep,
  nodesStep,
  filesStep,
  servicesStep,
  topicsStep,
  messagesStep,
  loadStep,
  settingStep,
  rollStep,
  refreshStep,
  faultsStep,
  scaleOutStep,
  spreadStep,
  leavingStep,
  emptiedStep,
  retiredStep,
  keptStep,
  protectedStep,
  destroyStep,
];

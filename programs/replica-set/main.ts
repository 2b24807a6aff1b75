/** The keeper of the replica set as a process; for now it checks its file and no more. */
import { type ReplicaSetConfig, replicaSetConfigShape } from '../../contracts/replica-set-config.ts';
import { configArgument, readConfig, tellAndExit } from '../config-file.ts';

try {
  const config: ReplicaSetConfig = readConfig(configArgument(), replicaSetConfigShape);
  void config;
} catch (error) {
  tellAndExit(error);
}

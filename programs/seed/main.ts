/** The seed as a process; for now it checks its file and no more. */
import { type SeedConfig, seedConfigShape } from '../../contracts/seed-config.ts';
import { configArgument, readConfig, tellAndExit } from '../config-file.ts';

try {
  const config: SeedConfig = readConfig(configArgument(), seedConfigShape);
  void config;
} catch (error) {
  tellAndExit(error);
}

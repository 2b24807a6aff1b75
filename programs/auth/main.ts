/** The authentication service as a process; for now it checks its file and no more. */
import { type AuthConfig, authConfigShape } from '../../contracts/auth-config.ts';
import { configArgument, readConfig, tellAndExit } from '../config-file.ts';

try {
  const config: AuthConfig = readConfig(configArgument(), authConfigShape);
  void config;
} catch (error) {
  tellAndExit(error);
}

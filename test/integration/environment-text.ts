/** The shipped environments as texts, for tests that change them as a person would. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { installationRoot } from '../../platform/installation-root.ts';

export function environmentText(name: string): string {
  return readFileSync(join(installationRoot(), 'environments', `${name}.yaml`), 'utf8');
}

/** Three masters and three workers on AWS; `more` goes into `aws`. */
export const smallAwsEnvironment = (more: string) => `name: test
target: aws
region: eu-west-1
aws: { account: "123456789012"${more} }
zones: [eu-west-1a, eu-west-1b, eu-west-1c]
tolerate: 1
masters: { count: 3, machine: t3.small, volumeGiB: 10 }
workers: { count: 3, machine: t3.small, volumeGiB: 50 }
topics: topics.yaml
`;

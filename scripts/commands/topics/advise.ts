/** `ensemble topics advise` */
import { exitStatus } from '../../../contracts/error.ts';
import { adviseTopics } from '../../../operations/topics-reports.ts';
import { formatAdvice } from '../../../topics/advise/advise-format.ts';
import { hasColour } from '../../present/colour.ts';
import { printJson, printLine, printNotice } from '../../present/terminal.ts';
import type { Invocation } from '../invocation.ts';
import { targetOf } from './target.ts';

export async function advise(invocation: Invocation): Promise<number> {
  const { positional, options, signal } = invocation;
  const { headroom, target, partitionRate, memberRate, write } = options;
  if (!options.json) printNotice(`watching consumers for ${options.window} s`);
  const report = await adviseTopics(await targetOf(invocation), {
    topics: positional,
    windowMs: options.window * 1000,
    sampleRecords: options.sample,
    signal,
    write,
    wishes: {
      headroom,
      ...(target === undefined ? {} : { targetPerSecond: target }),
      ...(partitionRate === undefined ? {} : { partitionPerSecond: partitionRate }),
      ...(memberRate === undefined ? {} : { memberPerSecond: memberRate }),
    },
  });
  const { measurement, advices, written } = report;
  if (options.json) printJson(report);
  else {
    printLine(formatAdvice(advices, { colour: hasColour }));
    if (measurement.missing.length > 0) printNotice(`not in the cluster: ${measurement.missing.join(', ')}`);
    if (written !== undefined) {
      printLine(
        written.topics.length === 0
          ? `${written.file} needs no change.`
          : `${written.file}: raised ${written.topics.join(', ')}.`,
      );
      for (const topic of written.elsewhere)
        printLine(`${topic}: its count does not stand in this file by itself; change it by hand.`);
    }
  }
  const short = advices.filter(
    ({ topic, advised, partitions }) => advised > partitions && !(written?.topics.includes(topic) ?? false),
  );
  return short.length === 0 ? exitStatus.ok : exitStatus.changesPending;
}

/**
 * CloudWatch, as far as a node writes to it, by its query protocol.
 * https://docs.aws.amazon.com/AmazonCloudWatch/latest/APIReference/API_PutMetricData.html: a thousand metrics and 30 dimensions each, far more than a node has.
 */
import { signedService } from './signed-request.ts';

export interface MetricDatum {
  readonly name: string;
  readonly unit: 'Percent' | 'Count';
  readonly value: number;
  readonly dimensions: Readonly<Record<string, string>>;
}

export interface MetricsClient {
  put(namespace: string, data: readonly MetricDatum[], atMs: number): Promise<void>;
}

export async function openMetrics({ region }: { readonly region: string }): Promise<MetricsClient> {
  const send = await signedService({
    region,
    signingName: 'monitoring',
    hostName: 'monitoring',
    variable: 'CLOUDWATCH',
  });
  return {
    async put(namespace, data, atMs) {
      const form = new URLSearchParams({ Action: 'PutMetricData', Version: '2010-08-01', Namespace: namespace });
      data.forEach(({ name, unit, value, dimensions }, index) => {
        const of = `MetricData.member.${index + 1}`;
        form.set(`${of}.MetricName`, name);
        form.set(`${of}.Unit`, unit);
        form.set(`${of}.Value`, String(value));
        form.set(`${of}.Timestamp`, new Date(atMs).toISOString());
        Object.entries(dimensions).forEach(([dimension, text], place) => {
          form.set(`${of}.Dimensions.member.${place + 1}.Name`, dimension);
          form.set(`${of}.Dimensions.member.${place + 1}.Value`, text);
        });
      });
      await send({
        name: `cloudwatch:PutMetricData ${namespace}`,
        headers: { 'content-type': 'application/x-www-form-urlencoded; charset=utf-8' },
        body: form.toString(),
      });
    },
  };
}

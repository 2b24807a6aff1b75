/**
 * Batches that others compressed, made readable: KafkaJS brings gzip alone, and throws for a batch in any of Kafka's three other codecs, which are the
 * ones that people use. Reading only: what we send is not compressed.
 */
import { decompress as decompressZstd } from 'fzstd';
import kafkajs from 'kafkajs';
import createSnappyCodec from 'kafkajs-snappy';
import lz4 from 'lz4js';

// Node finds no such name among the exports of this CommonJS package, though bundlers and test runners do.
const { CompressionCodecs, CompressionTypes } = kafkajs;

CompressionCodecs[CompressionTypes.Snappy] = () => readOnly('snappy', (bytes) => createSnappyCodec().decompress(bytes));
CompressionCodecs[CompressionTypes.LZ4] = () => readOnly('lz4', async (bytes) => Buffer.from(lz4.decompress(bytes)));
CompressionCodecs[CompressionTypes.ZSTD] = () => readOnly('zstd', async (bytes) => Buffer.from(decompressZstd(bytes)));

function readOnly(name: string, decompress: (bytes: Buffer) => Promise<Buffer>) {
  return {
    decompress,
    async compress(): Promise<never> {
      throw new Error(`this program reads ${name} and does not write it`);
    },
  };
}

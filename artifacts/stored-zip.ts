/**
 * A zip of files as they are, uncompressed: the same bytes for the same files, everywhere. It is what AWS Lambda takes; compressing would make the bytes
 * depend on a version of zlib, for a file that is uploaded once.
 *
 * Facts: PKWARE's APPNOTE.TXT 6.3.3, sections 4.3.7 (local header), 4.3.12 (central directory), 4.3.16 (its end), 4.4.6 (the date, from 1980 on).
 */
export interface ZipEntry {
  /** With `/`, in ASCII. */
  readonly path: string;
  readonly bytes: Uint8Array;
}

/** 1 January 1980, the first day that a zip knows. */
const date = (1 << 5) | 1;
/** Written on Unix (3), as version 2.0 of the format, which is what unpacking needs too. */
const madeBy = (3 << 8) | 20;
const needs = 20;
/** A regular file that everyone may read: Lambda's own user is not the owner. */
const attributes = (0o100644 << 16) >>> 0;

/** The archive's bytes, entries in the order of their paths. At most 65,535 entries and 4 GiB: enough, and unchecked, for what a function may weigh. */
export function storedZip(entries: readonly ZipEntry[]): Buffer {
  const parts: Buffer[] = [];
  const directory: Buffer[] = [];
  let offset = 0;
  for (const { path, bytes } of [...entries].sort((a, b) => (a.path < b.path ? -1 : 1))) {
    const name = Buffer.from(path, 'ascii');
    const common = Buffer.alloc(26);
    common.writeUInt16LE(needs, 0);
    common.writeUInt16LE(date, 8);
    common.writeUInt32LE(crc32(bytes), 10);
    common.writeUInt32LE(bytes.length, 14);
    common.writeUInt32LE(bytes.length, 18);
    common.writeUInt16LE(name.length, 22);
    const central = Buffer.alloc(14);
    central.writeUInt32LE(attributes, 6);
    central.writeUInt32LE(offset, 10);
    directory.push(Buffer.from('PK\x01\x02', 'latin1'), uint16(madeBy), common, central, name);
    const local = [Buffer.from('PK\x03\x04', 'latin1'), common, name, Buffer.from(bytes)];
    parts.push(...local);
    offset += 4 + common.length + name.length + bytes.length;
  }
  const listed = Buffer.concat(directory);
  const end = Buffer.alloc(18);
  end.writeUInt16LE(entries.length, 4);
  end.writeUInt16LE(entries.length, 6);
  end.writeUInt32LE(listed.length, 8);
  end.writeUInt32LE(offset, 12);
  return Buffer.concat([...parts, listed, Buffer.from('PK\x05\x06', 'latin1'), end]);
}

function uint16(value: number): Buffer {
  const buffer = Buffer.alloc(2);
  buffer.writeUInt16LE(value);
  return buffer;
}

/** Of zip, gzip and Ethernet: the polynomial 0xEDB88320, reflected. Node's own zlib.crc32 is younger than the oldest Node that Ensemble runs on. */
const crcTable = Uint32Array.from({ length: 256 }, (_, byte) => {
  let value = byte;
  for (let bit = 0; bit < 8; bit++) value = (value & 1) === 1 ? (value >>> 1) ^ 0xedb88320 : value >>> 1;
  return value;
});

function crc32(bytes: Uint8Array): number {
  let crc = 0xffffffff;
  for (const byte of bytes) crc = (crcTable[(crc ^ byte) & 0xff] ?? 0) ^ (crc >>> 8);
  return (crc ^ 0xffffffff) >>> 0;
}

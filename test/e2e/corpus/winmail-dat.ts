// A small TNEF stream, which Outlook puts into winmail.dat: message class and one attached file ([MS-OXTNEF] §2.1).
// Just enough to be true; decodes nothing.

const signature = 0x223e9f78;
const key = 0x0001;
const level = { message: 1, attachment: 2 } as const;
const attribute = {
  tnefVersion: 0x00089006,
  oemCodepage: 0x00069007,
  messageClass: 0x00078008,
  attachRenderData: 0x00069002,
  attachTitle: 0x00018010,
  attachData: 0x0006800f,
} as const;

export function winmailDat(fileName: string, file: Buffer): Buffer {
  const renderData = Buffer.alloc(14);
  renderData.writeUInt16LE(1); // a file
  renderData.writeUInt32LE(0xffffffff, 2); // no position in the text
  return Buffer.concat([
    uint32(signature),
    uint16(key),
    written(level.message, attribute.tnefVersion, uint32(0x00010000)),
    written(level.message, attribute.oemCodepage, Buffer.concat([uint32(1252), uint32(0)])),
    written(level.message, attribute.messageClass, Buffer.from('IPM.Microsoft Mail.Note\0')),
    written(level.attachment, attribute.attachRenderData, renderData),
    written(level.attachment, attribute.attachTitle, Buffer.from(`${fileName}\0`)),
    written(level.attachment, attribute.attachData, file),
  ]);
}

function written(where: number, id: number, data: Buffer): Buffer {
  const checksum = data.reduce((sum, byte) => (sum + byte) % 0x10000, 0);
  return Buffer.concat([Buffer.from([where]), uint32(id), uint32(data.length), data, uint16(checksum)]);
}

function uint32(value: number): Buffer {
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32LE(value);
  return bytes;
}

function uint16(value: number): Buffer {
  const bytes = Buffer.alloc(2);
  bytes.writeUInt16LE(value);
  return bytes;
}

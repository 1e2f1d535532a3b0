// What a client sends, as smtp-server's parser of commands, with a reader of our own for what comes behind DATA: the library's looks at
// every dot apart and yields to the event loop in between, so that a message of dots took twenty times as long as another one.
import type { Writable } from 'node:stream';
import { SMTPStream } from 'smtp-server/lib/smtp-stream.js';
import { createDotReader } from './dot-reader.ts';

export class ClientStream extends SMTPStream {
  #reader = createDotReader();

  override startDataMode(...limit: Parameters<SMTPStream['startDataMode']>): ReturnType<SMTPStream['startDataMode']> {
    this.#reader = createDotReader();
    return super.startDataMode(...limit);
  }

  override _feedDataStream(chunk: Buffer, done: () => void): void {
    const { content, rest } = this.#reader.push(chunk);
    this._countDataBytes(content.length);
    if (rest !== undefined) return this._endDataMode(content, rest, done);
    if (this._dataStream === null) return done();
    pass(content, this._dataStream, done);
  }
}

/** Calls `done` once there is room for more, also when nobody reads any longer. */
function pass(content: Buffer, message: Writable, done: () => void): void {
  if (content.length === 0 || !message.writable || message.write(content) || message.destroyed) return done();
  const goOn = () => {
    message.off('drain', goOn).off('close', goOn);
    done();
  };
  message.on('drain', goOn).on('close', goOn);
}

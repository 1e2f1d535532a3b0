// The end of a log file: its last lines, or what was added since the last look. Reads a bounded piece, whatever was written.
import { closeSync, fstatSync, openSync, readSync } from 'node:fs';

export type LogTail = {
  /** Lines completed since the last call; of a flood only the latest. Empty where there is no file. */
  newLines(): readonly string[];
};

const mostBytes = 32 * 1024;

/** Starts at the present end of the file. */
export function followLog(file: string): LogTail {
  let position = read(file, Infinity)?.size ?? 0;
  return {
    newLines: () => {
      const piece = read(file, position);
      if (piece === undefined || piece.text === '') return [];
      const end = piece.text.lastIndexOf('\n') + 1; // the rest is still being written
      const lines = piece.text.slice(0, end).split('\n').slice(0, -1);
      const skipped = piece.size - Buffer.byteLength(piece.text) > position;
      position = piece.size - Buffer.byteLength(piece.text.slice(end));
      return skipped ? lines.slice(1) : lines; // the first line of a piece is cut
    },
  };
}

export function lastLines(file: string, count: number): readonly string[] {
  return (read(file, 0)?.text ?? '').trimEnd().split('\n').slice(-count);
}

/** From `from`, but at most the last `mostBytes`. */
function read(file: string, from: number): { readonly text: string; readonly size: number } | undefined {
  let fd: number;
  try {
    fd = openSync(file, 'r');
  } catch {
    return undefined;
  }
  try {
    const { size } = fstatSync(fd);
    const start = Math.max(0, Math.min(from, size), size - mostBytes);
    const bytes = Buffer.alloc(size - start);
    return { text: bytes.subarray(0, readSync(fd, bytes, 0, bytes.length, start)).toString(), size };
  } finally {
    closeSync(fd);
  }
}

// The files of a nats-server's store, searched as somebody with the disk in hand would.
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { NatsServer } from './nats.ts';

/** Whether a text stands anywhere in the store, now: nothing else of the test's process happens meanwhile. */
export function isInStore({ dir }: Pick<NatsServer, 'dir'>, text: string): boolean {
  for (;;) {
    const found = look(join(dir, 'store'), text);
    if (found !== 'again') return found;
  }
}

function look(store: string, text: string): boolean | 'again' {
  try {
    const files = readdirSync(store, { recursive: true, withFileTypes: true });
    return files.some((file) => file.isFile() && readFileSync(join(file.parentPath, file.name)).includes(text));
  } catch (error) {
    // The server has renamed a file meanwhile, and its bytes may be in one that was not listed.
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return 'again';
    throw error;
  }
}

// A disk of a few megabytes that a test can fill: a tmpfs, which takes root to mount.
import { execFileSync, spawnSync } from 'node:child_process';
import { mkdirSync, rmSync } from 'node:fs';

export type SmallDisk = {
  /** More room on the same disk; what it holds stays. */
  grow(size: string): void;
  remove(): void;
};

/** Mounts one at `directory`, which is made; `size` as mount takes it, `24m`. Undefined where that is not allowed. */
export function mountSmallDisk(directory: string, size: string): SmallDisk | undefined {
  mkdirSync(directory, { recursive: true });
  if (spawnSync('mount', ['-t', 'tmpfs', '-o', `size=${size}`, 'tmpfs', directory]).status !== 0) {
    rmSync(directory, { recursive: true });
    return undefined;
  }
  return {
    grow: (larger) => void execFileSync('mount', ['-o', `remount,size=${larger}`, directory]),
    remove: () => {
      execFileSync('umount', [directory]);
      rmSync(directory, { recursive: true });
    },
  };
}

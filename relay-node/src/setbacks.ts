// Entries whose work ends without any verdict: in a defect of ours, or with the worker itself. None is sent straight back to the next
// worker: it comes again after a pause that grows, and is given up only after an hour of it (outcome/setback.ts). What may have ended its
// workers is worked on one at a time, so that it takes no others of its kind along, and the one that does it again is alone.
// Refuses to know how an entry is worked on.
import { refKey } from '@relayfleet/contract/object-ref.ts';
import type { Setback } from '@relayfleet/contract/setback.ts';
import {
  isGivenUp,
  isUnannounced,
  mayBeLeftOver,
  oneMore,
  pauseAfter,
  pauseForOthers,
  workersEnded,
} from './outcome/setback.ts';
import { insist, storeApart, type Job, type PutAwayDeps } from './put-away.ts';

export type SetbackDeps = PutAwayDeps & {
  /** Version of this program. */
  readonly build: string;
  /** Resolves after so many milliseconds, or when this node stops. */
  readonly wait: (ms: number) => Promise<void>;
  /** Whether an earlier worker recorded the attempt that the entry is for. */
  readonly isRecorded: (job: Job) => Promise<boolean>;
};

/** Works on one entry to its end, or gives it up where the job says that it is unworkable. Rejects for defects alone. */
export type Work = (job: Job) => Promise<void>;

/** For the others that came out of the same pull to be put back, each with two or three synced writes. */
const settleMs = 1_000;
/**
 * After this the next suspect may begin. What ends a worker does so while the mail is read, signed or sent to a host that answers; one
 * that is still under way rather waits for a slow host, and a hundred behind it must not wait for hours.
 */
const longestAloneMs = 30_000;

/** What a node does with each entry it takes. */
export function createSetbacks(deps: SetbackDeps): (job: Job, work: Work) => Promise<void> {
  const { build, report, now, wait } = deps;
  let alone: Job | undefined;

  const workOn = async (job: Job, work: Work) => {
    try {
      await work(job);
    } catch (error) {
      report.deliveryDefect(error as Error);
      await setBack(job, 'defect', work);
    }
  };

  const setBack = async (job: Job, because: Setback['because'], work: Work) => {
    const before = job.taken.setback;
    const setback = oneMore(before, because, now());
    const isOver = isGivenUp(setback, before, { build, now: now() });
    if (isOver && (await giveUp({ ...job, unworkable: reasons[because] }, work))) return;
    const { id, platform, domain } = job.envelope;
    if (!(await comeAgain(job, { inMs: pauseAfter(setback, id), setback }, deps))) return job.taken.release();
    report.setBack({ id, platform: refKey(platform), domain, setback });
    await job.taken.done();
  };

  /** False: not even that could be done. */
  const giveUp = async (job: Job, work: Work) => {
    try {
      await work(job);
      return true;
    } catch (error) {
      report.deliveryDefect(error as Error);
      return false;
    }
  };

  const workAlone = async (job: Job, work: Work) => {
    alone = job;
    const makeRoom = () => {
      if (alone === job) alone = undefined;
    };
    await wait(settleMs);
    void wait(longestAloneMs).then(makeRoom);
    await workOn(job, work).finally(makeRoom);
  };

  /** Untried, and no failure of its own. */
  const comeLater = async (job: Job, setback: Setback) => {
    if (!(await comeAgain(job, { inMs: pauseForOthers(job.envelope.id), setback }, deps))) return job.taken.release();
    await job.taken.done();
  };

  /** Worked on so long that others were handed it, rather than ended in the middle. */
  const isLeftOver = (job: Job) => mayBeLeftOver(job.taken) && deps.isRecorded(job).catch(() => false);

  return async (job, work) => {
    const { setback } = job.taken;
    if (workersEnded(job.taken) && !(await isLeftOver(job))) return setBack(job, 'workers-ended', work);
    if (setback?.because !== 'workers-ended') return workOn(job, work);
    if (isUnannounced(setback, { build, now: now() })) return comeLater(job, { ...setback, lastTry: build });
    return alone === undefined ? workAlone(job, work) : comeLater(job, setback);
  };
}

const reasons: Readonly<Record<Setback['because'], string>> = {
  defect: 'for an hour every node that took it met a defect of ours',
  'workers-ended': 'its workers end before an attempt is recorded',
};

type Again = { readonly inMs: number; readonly setback: Setback | undefined };

/** As it is; only an inline body is stored by itself first. False: not done. */
async function comeAgain(job: Job, { inMs, setback }: Again, deps: PutAwayDeps): Promise<boolean> {
  const envelope = await storeApart(job, job.envelope, deps);
  if (envelope === undefined) return false;
  const { woken } = job.taken;
  const defer = () => deps.queue.defer(envelope, deps.now() + inMs, { woken, setback });
  return (await insist('deferral', defer, deps)) !== undefined;
}

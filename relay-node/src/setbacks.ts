// Entries whose work ends without any verdict: in a defect of ours, or with the worker itself. None is sent straight back to the next
// worker: it comes again after a pause that grows, and is given up only after an hour of it (outcome/setback.ts). What may have ended its
// workers is worked on one at a time, so that it takes no others of its kind along, and the one that does it again is alone.
// Refuses to know how an entry is worked on.
import { refKey } from '@relayfleet/contract/object-ref.ts';
import type { Setback } from '@relayfleet/contract/setback.ts';
import { insist, storeApart, type ConcludeDeps, type Job } from './conclude.ts';
import { isHopeless, oneMore, pauseAfter, pauseForOthers, workersEnded } from './outcome/setback.ts';

export type SetbackDeps = Pick<ConcludeDeps, 'queue' | 'report' | 'now' | 'signal'> & {
  /** Resolves when the others that came out of the same pull have been put back, each with two or three synced writes. */
  readonly settle: () => Promise<void>;
};

/** Works on one entry to its end, or gives it up where the job says that it is unworkable. Rejects for defects alone. */
export type Work = (job: Job) => Promise<void>;

/** What a node does with each entry it takes. */
export function createSetbacks(deps: SetbackDeps): (job: Job, work: Work) => Promise<void> {
  const { report, now, settle } = deps;
  let oneIsAlone = false;

  const attempt = async (job: Job, work: Work) => {
    try {
      await work(job);
    } catch (error) {
      report.deliveryDefect(error as Error);
      await setBack(job, 'defect', work);
    }
  };

  const setBack = async (job: Job, because: Setback['because'], work: Work) => {
    const setback = oneMore(job.taken.setback, because, now());
    if (isHopeless(setback, now()) && (await giveUp({ ...job, unworkable: reasons[because] }, work))) return;
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

  const attemptAlone = async (job: Job, work: Work) => {
    oneIsAlone = true;
    try {
      await settle();
      await attempt(job, work);
    } finally {
      oneIsAlone = false;
    }
  };

  const waitForOthers = async (job: Job) => {
    const { setback } = job.taken;
    if (!(await comeAgain(job, { inMs: pauseForOthers(job.envelope.id), setback }, deps))) return job.taken.release();
    await job.taken.done();
  };

  return (job, work) => {
    if (workersEnded(job.taken)) return setBack(job, 'workers-ended', work);
    if (job.taken.setback?.because !== 'workers-ended') return attempt(job, work);
    return oneIsAlone ? waitForOthers(job) : attemptAlone(job, work);
  };
}

const reasons: Readonly<Record<Setback['because'], string>> = {
  defect: 'for an hour every node that took it met a defect of ours',
  'workers-ended': 'its workers end before an attempt is recorded',
};

type Again = { readonly inMs: number; readonly setback: Setback | undefined };

/** As it is; only an inline body is stored by itself first. False: not done. */
async function comeAgain(
  job: Job,
  { inMs, setback }: Again,
  deps: Pick<ConcludeDeps, 'queue' | 'report' | 'now' | 'signal'>,
): Promise<boolean> {
  const envelope = await storeApart(job, job.envelope, deps);
  if (envelope === undefined) return false;
  const { woken } = job.taken;
  const defer = () => deps.queue.defer(envelope, deps.now() + inMs, { woken, setback });
  return (await insist('deferral', defer, deps)) !== undefined;
}

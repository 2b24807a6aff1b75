/** How long certificates hold, and when they are renewed. */

export const dayMs = 86_400_000;

/** A certificate begins a little in the past, for nodes whose clock is behind ours. */
export const clockSkewMs = 5 * 60_000;

/** Browsers and public CAs refuse more than 398 days (CA/Browser Forum ballot SC31, 2020); a day less leaves room for how clients count. */
export const certificateDays = 397;

/** A renewal has a month to be noticed and rolled through the cluster, one node at a time. */
export const renewalDays = 30;

/** Whole days, negative once it expired. */
export function daysLeft(expiresAt: Date, now: Date): number {
  return Math.floor((expiresAt.getTime() - now.getTime()) / dayMs);
}

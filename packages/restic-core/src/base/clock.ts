/** Time, passed in so that tests own it. */
export interface Clock {
  /** Nanoseconds since 1970-01-01T00:00:00Z. */
  nowNs(): bigint
  /**
   * Seconds that local time is ahead of UTC at an instant.
   *
   * @param epochSeconds whole seconds since 1970
   */
  utcOffset(epochSeconds: number): number
}

/** A clock for tests and for portable programs: always UTC. */
export function fixedClock(nowNs: bigint): Clock {
  return { nowNs: () => nowNs, utcOffset: () => 0 }
}

/** The longest wait of one of Node's or a browser's timers, in milliseconds: 24.8 days. A longer one ends after 1 ms. */
export const longestTimerMs: number = 2 ** 31 - 1

/** W3C's flags of a trace. https://www.w3.org/TR/trace-context-2/#trace-flags */
export const sampledFlag = 1
export const randomFlag = 2

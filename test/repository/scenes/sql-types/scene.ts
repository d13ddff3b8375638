export const text = '{"a":1}'

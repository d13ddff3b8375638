export const handlers = { getNote: () => 'buy milk' }

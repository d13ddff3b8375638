const note = { id: 1, owner: 'ann', text: 'buy milk' }
export const handlers = { getNote: () => note, createNote: () => note, ping: () => 'pong' }

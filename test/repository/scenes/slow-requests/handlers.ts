const note = { id: 1, text: 'buy milk' }
export const handlers = { createNote: () => note, getNote: () => note }

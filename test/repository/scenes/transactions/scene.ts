export const order = { id: 1, item: 'tea' }
export const hint = { text: 'try green tea' }

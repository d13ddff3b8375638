export const handlers = { placeOrder: () => ({ id: 1, item: 'tea' }) }

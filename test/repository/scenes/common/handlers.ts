export const handlers = { getUser: () => ({ id: 1, name: 'Ann', age: 42 }) }

export const handlers = { greet: () => 'Hello' }

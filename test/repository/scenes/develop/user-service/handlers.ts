export const handlers = { countUsers: () => 1 }

export const handlers = { charge: () => 'ch_1' }

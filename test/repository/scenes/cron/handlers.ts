export const handlers = { countOrders: () => 0 }

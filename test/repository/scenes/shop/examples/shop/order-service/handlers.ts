export const orderHandlers = { placeOrder: () => {}, getOrder: () => {}, listReports: () => {} }

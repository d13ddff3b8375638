export const charge = (body: { amount: number }, url: string, retries: number): string =>
  `${url} ${body.amount} ${retries}`

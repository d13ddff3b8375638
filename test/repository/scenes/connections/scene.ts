export declare const order: { id: number; item: string }
export declare const showOrder: (id: number) => Promise<void>
export declare const showAllOrders: () => Promise<void>

export function check(classes: object): Promise<string>;

const own = globalThis.__plimsoll;

export const { sleep, fail, group, check, randomSeed } = own;
export default { sleep, fail, group, check, randomSeed };

// How texts are compared when somebody looks for one: without accents, in one case.

export const plain = (text) => text.normalize("NFKD").replace(/\p{M}/gu, "").toLocaleLowerCase();

// The path of the service: empty, or the prefix under which a proxy offers it.

export const BASE = new URL("../../", import.meta.url).pathname.replace(/\/$/, "");

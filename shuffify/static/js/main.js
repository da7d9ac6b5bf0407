// Attaches behaviours: data-behaviour="name" calls attach(element) of behaviours/name.js.
import { attachAll } from "./lib/behaviours.js";

await attachAll(document);
// Until then buttons show that they are not ready.
document.documentElement.dataset.ready = "";

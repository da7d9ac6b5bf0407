// Attaches behaviours: data-behaviour="name" calls attach(element) of behaviours/name.js.
import { attachAll } from "./lib/behaviours.js";

attachAll(document);

// Finds elements that name a behaviour and gives each to the module of that name.

const NAME = /^[a-z]+(-[a-z]+)*$/;

async function attach(element) {
  const name = element.dataset.behaviour;
  if (!NAME.test(name)) {
    throw new Error(`data-behaviour="${name}" is no name of a module`);
  }
  const module = await import(`../behaviours/${name}.js`);
  module.attach(element);
}

// Elements that were made later, from a template, are given here as their container.
export function attachAll(root) {
  return Promise.all([...root.querySelectorAll("[data-behaviour]")].map(attach));
}

// What everything else stands on: the page's elements, its data, and what is chosen.

const root = document.documentElement;
const one = (selector, within = document) => within.querySelector(selector);
const all = (selector, within = document) => [...within.querySelectorAll(selector)];

/** An element with attributes and children; text stays text. */
function make(tag, attributes = {}, ...children) {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) element.setAttribute(name, value);
  element.append(...children);
  return element;
}

let data = null;

/** What is chosen: the load point, the contenders that are hidden, who is compared (by name; nobody: the best of both families), the side, and the kinds of time and traffic. */
const state = { at: 0, hidden: new Set(), left: '', right: '', side: 0, time: 'measured', traffic: 'messages' };

const point = () => data.points[state.at];
const here = selector => all(`.at[data-at="${state.at}"] ${selector}`);

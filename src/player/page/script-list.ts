/** The list: days, calls, legs of one call together. */
export const listScript = `
const list = { items: new Map(), groups: new Map(), days: new Map(), cursor: undefined, turn: 0, busy: false, reasonRequired: false };
/** Legs of one call begin within so long: a session that comes again later is another call. */
const longestCall = 36 * 3600_000;

function clear() {
  for (const known of [list.items, list.groups, list.days]) known.clear();
  list.cursor = undefined;
  $("more").hidden = true;
  $("recordings").replaceChildren();
}

function add(item) {
  if (list.items.has(item.key)) return;
  list.items.set(item.key, item);
  const line = element("li", "line");
  const start = startOf(item);
  line.dataset.at = String(start ? start.getTime() : -Infinity);
  line.append(button(item));
  if (item.said) line.append(saidButton(item));
  const head = byDays() && headOf(item, start);
  if (head) join(head, line);
  else put(dayOf(start), line);
}

/** Whether the list is one of days; by length, days would come in any order. */
function byDays() {
  return $("sort").value === "newest" || $("sort").value === "oldest";
}

/** The line of the leg that stands for the same call, if there is one: what its system says, and at about its time. */
function headOf(item, start) {
  if (!item.session || !start) return undefined;
  const group = item.source + " " + item.session;
  const heads = list.groups.get(group) || [];
  const head = heads.find((each) => Math.abs(each.start - start) < longestCall);
  if (head) return itemButton(head.key).closest(".line");
  list.groups.set(group, [...heads, { key: item.key, start }]);
  return undefined;
}

function join(head, line) {
  let legs = head.querySelector("ol");
  if (!legs) {
    legs = element("ol", "legs");
    legs.setAttribute("aria-label", "Further legs of this call");
    head.classList.add("joined");
    head.append(legs);
  }
  legs.append(line);
  const count = legs.children.length + 1;
  const label = head.querySelector(".leg-count") || element("span", "leg-count");
  label.textContent = count + " legs";
  head.querySelector(".call .agent").after(label);
}

function dayOf(start) {
  const key = byDays() ? dayKey(start) : "all";
  const known = list.days.get(key);
  if (known) return known.querySelector("ol");
  const day = element("li", "day");
  const calls = element("ol", "calls");
  day.dataset.at = key && byDays() ? String(new Date(key + "T12:00:00").getTime()) : "-Infinity";
  if (byDays()) {
    const title = element("h2", "", dayTitle(start));
    title.id = "day-" + key;
    calls.setAttribute("aria-labelledby", title.id);
    day.append(title);
  }
  day.append(calls);
  list.days.set(key, day);
  put($("recordings"), day);
  return calls;
}

/** Puts a line or a day where its time belongs: two systems write their times differently, so they may come crossed. */
function put(parent, node) {
  const comesBefore = (one, two) =>
    $("sort").value === "newest" ? one > two : $("sort").value === "oldest" ? one < two : false;
  let after = parent.lastElementChild;
  while (after && comesBefore(Number(node.dataset.at), Number(after.dataset.at))) after = after.previousElementSibling;
  if (after) after.after(node);
  else parent.prepend(node);
}

function button(item) {
  const made = element("button", "call");
  made.type = "button";
  made.dataset.key = item.key;
  if (player.item && player.item.key === item.key) made.setAttribute("aria-current", "true");
  const start = startOf(item);
  const time = byDays() ? (start ? timeFormat.format(start) : "") : when(item);
  made.append(
    icon("play"),
    icon(ways[item.direction] ? item.direction : "unknown", ways[item.direction] || "Direction unknown"),
    element("span", "parties", other(item)),
    element("span", "agent", agent(item)),
    element("span", "more-info", details(item)),
    element("span", "when", time),
    element("span", "length", item.seconds === undefined ? "" : clock(item.seconds)),
  );
  made.addEventListener("click", () => {
    const isCurrent = player.item && player.item.key === item.key && audio.getAttribute("src") && !audio.error;
    if (isCurrent) toggle();
    else choose(item, true);
  });
  return made;
}

/** The recording came into the archive while it was heard. */
function arrived(item) {
  if (!item.missing) return;
  item.missing = false;
  const line = itemButton(item.key);
  if (line) line.querySelector(".more-info").textContent = details(item);
}

function itemButton(key) {
  return [...document.querySelectorAll(".call")].find((each) => each.dataset.key === key);
}
`;

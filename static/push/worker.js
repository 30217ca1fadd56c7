// Touchstone's service worker for Web Push. Serve it from the root of the site that subscribes, or
// importScripts() it into a worker of your own.
"use strict";

const readPush = (event) => {
  try {
    const told = event.data.json();
    return told && typeof told.title === "string" && told.title ? told : null;
  } catch {
    return null; // not one of ours
  }
};

// Only addresses of the web are opened: a message must not run a script in the page.
const webAddress = (text) => {
  try {
    const url = new URL(text);
    return ["https:", "http:"].includes(url.protocol) ? url.href : "";
  } catch {
    return "";
  }
};

self.addEventListener("push", (event) => {
  const told = readPush(event);
  if (!told) return;
  event.waitUntil(
    self.registration.showNotification(told.title, {
      body: String(told.body ?? ""),
      tag: String(told.key ?? ""), // a repeat replaces what it repeats
      data: { url: webAddress(told.url), key: String(told.key ?? "") },
    }),
  );
});

self.addEventListener("notificationclick", (event) => {
  event.notification.close();
  const { url } = event.notification.data ?? {};
  if (url) event.waitUntil(self.clients.openWindow(url));
});

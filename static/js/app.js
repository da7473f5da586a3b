// @ts-check
/** Starts what every page has: copy buttons, theme, toasts, dialogs, password fields, row links. */
import "./copy.js";
import "./dialog.js";
import "./password.js";
import "./rows.js";
import "./theme.js";
import { startToasts } from "./toast.js";

startToasts();

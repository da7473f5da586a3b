// @ts-check
/** Starts the mail page: push, list, reader, deeds, keys, composers. */
import "./push.js";
import "./reader.js";
import "./list.js";
import "./deeds.js";
import "./move.js";
import "./undo.js";
import "./keys.js";
import "./dock.js";

-- Tells the portal which folders a transaction changed: one event for each folder and kind.
-- Dovecot calls every callback below; a missing one would be an error in its log.

local function remember(change, event, kind)
  local key = event.mailbox .. "\0" .. kind
  local seen = change.seen[key]
  if not seen then
    seen = {mailbox = event.mailbox, kind = kind, count = 0, low = 0, high = 0, validity = 0}
    change.seen[key] = seen
    table.insert(change.order, seen)
  end
  seen.count = seen.count + 1
  if event.uid_validity then seen.validity = event.uid_validity end
  if event.mailbox_old then seen.old = event.mailbox_old end
  if event.uid then
    if seen.low == 0 or event.uid < seen.low then seen.low = event.uid end
    if event.uid > seen.high then seen.high = event.uid end
  end
end

function dovecot_lua_notify_begin_txn(user)
  return {user = user.username, seen = {}, order = {}}
end

function dovecot_lua_notify_event_message_new(change, event) remember(change, event, "new") end
function dovecot_lua_notify_event_message_append(change, event) remember(change, event, "append") end
function dovecot_lua_notify_event_message_expunge(change, event) remember(change, event, "expunge") end
function dovecot_lua_notify_event_flags_set(change, event) remember(change, event, "flags") end
function dovecot_lua_notify_event_flags_clear(change, event) remember(change, event, "flags") end
function dovecot_lua_notify_event_message_read(change, event) end
function dovecot_lua_notify_event_message_trash(change, event) end
function dovecot_lua_notify_event_mailbox_create(change, event) remember(change, event, "mbcreate") end
function dovecot_lua_notify_event_mailbox_delete(change, event) remember(change, event, "mbdelete") end
function dovecot_lua_notify_event_mailbox_rename(change, event) remember(change, event, "mbrename") end
function dovecot_lua_notify_event_mailbox_subscribe(change, event) remember(change, event, "mbsubscribe") end
function dovecot_lua_notify_event_mailbox_unsubscribe(change, event) remember(change, event, "mbunsubscribe") end

function dovecot_lua_notify_end_txn(change, success)
  for _, seen in ipairs(change.order) do
    local event = dovecot.event()
    event:set_name("portal_change")
    event:add_str("user", change.user)
    event:add_str("mailbox", seen.mailbox)
    event:add_str("kind", seen.kind)
    event:add_int("n", seen.count)
    event:add_int("uid_lo", seen.low)
    event:add_int("uid_hi", seen.high)
    event:add_int("uid_validity", seen.validity)
    if seen.old then event:add_str("mailbox_old", seen.old) end
    event:log_debug("folder changed") -- sends the event; nothing is logged unless debugging is on
  end
end

# What Rspamd marked goes to Junk before any rule of the person runs.
require ["fileinto", "mailbox"];
if header :is "X-Spam" "Yes" {
  fileinto :create "Junk";
  stop;
}

# What a rule wanted to pass on to somebody who has not agreed stays here; that rule is not run again.
require ["envelope", "fileinto", "subaddress"];
if envelope :detail "to" "kept-by-rules" {
  fileinto "INBOX";
  stop;
}

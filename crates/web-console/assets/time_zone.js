// The time zone of the device, for an account that is about to be made. Without this script times are told in UTC until another zone is chosen.
for (const field of document.querySelectorAll("input[data-time-zone]")) {
  field.value = Intl.DateTimeFormat().resolvedOptions().timeZone ?? "";
}

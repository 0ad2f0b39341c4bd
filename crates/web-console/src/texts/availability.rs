//! The live board: statuses and agents.

use super::{Texts, texts};

texts! {
    live_title = "Live" | "Live";
    live_now = "Live" | "Live";
    live_lost = "Not live at the moment" | "Zurzeit nicht live";
    refresh = "Refresh" | "Aktualisieren";
    my_status = "Your status" | "Ihr Status";
    status_word = "Status" | "Status";
    status_available = "Available" | "Verfügbar";
    status_busy = "Busy" | "Im Gespräch";
    status_away = "Away" | "Abwesend";
    status_offline = "Offline" | "Offline";
    status_change = "Change your status" | "Status ändern";
    status_set = "Set my status" | "Status übernehmen";
    status_note = "Note" | "Notiz";
    status_note_hint = "What others are told, such as: back at three." | "Was andere lesen, zum Beispiel: um drei zurück.";
    status_effect = "While you are away you keep the calls you have taken; going offline gives them back." | "Solange Sie abwesend sind, behalten Sie übernommene Anrufe; wenn Sie offline gehen, geben Sie sie zurück.";
    set_available = "You are available. Keep this page open, so that you stay so." | "Sie sind verfügbar. Lassen Sie diese Seite offen, damit das so bleibt.";
    set_away = "You are away, and are offered no calls." | "Sie sind abwesend, und Ihnen werden keine Anrufe angeboten.";
    set_offline = "You are offline. Calls that you had taken are back in the queue." | "Sie sind offline. Ihre Anrufe sind zurück in der Warteschlange.";
    since_word = "since" | "seit";
    since_column = "Since" | "Seit";
    because_forced = "Set by a supervisor" | "Von der Teamleitung gesetzt";
    because_not_heard = "Connection lost" | "Keine Verbindung mehr";
    because_no_answer = "Did not answer an offer" | "Angebot nicht beantwortet";
    because_signed_out = "Signed out" | "Abgemeldet";
    because_role_changed = "Role was changed" | "Hat jetzt eine andere Rolle";
    because_suspended = "Suspended" | "Gesperrt";
    because_mfa = "Has no second factor" | "Ohne zweiten Faktor";

    agents_title = "Who is there" | "Wer da ist";
    agents_none = "Nobody here takes calls yet. Invite somebody as Customer Support Agent." | "Hier nimmt noch niemand Anrufe an. Laden Sie jemanden in der Rolle Kundenbetreuung ein.";
    agents_more = "The first 200 are shown." | "Angezeigt werden die ersten 200.";
    calls_held = "Calls" | "Anrufe";
    calls_of(calls, most) = "{calls} of {most}" | "{calls} von {most}";
    skills_word = "Skills" | "Fähigkeiten";

    agent_managed(name) = "Your changes to {name} are saved." | "Ihre Änderungen an {name} sind gespeichert.";
    status_force = "Set their status" | "Status setzen";
    status_leave = "Leave it as it is" | "Unverändert lassen";
    status_force_effect = "They can choose another one afterwards. Whoever is set to Available and is not there is offline again after 45 seconds." | "Die Person kann danach einen anderen wählen. Wer auf „Verfügbar“ gesetzt wird, aber nicht da ist, ist nach 45 Sekunden wieder offline.";
    capacity_word = "Calls at the same time" | "Gleichzeitige Anrufe";
    capacity_hint = "1 to 50. Whoever has more at the moment keeps them." | "1 bis 50. Wer gerade mehr hat, behält sie.";
    capacity_bounds(most) = "A number from 1 to {most}, please." | "Bitte eine Zahl von 1 bis {most}.";
    skills_hint = "One per line, exactly as your platform names them for calls." | "Eine je Zeile, genau so, wie Ihre Plattform sie bei Anrufen nennt.";
    skills_bounds(most) = "At most {most} skills, please, each in one line of at most 64 characters." | "Bitte höchstens {most} Fähigkeiten, jede in einer Zeile von höchstens 64 Zeichen.";

    alerts_title = "When a call is offered to you" | "Wenn Ihnen ein Anruf angeboten wird";
    alert_sound = "Play a sound when a call is offered" | "Ton abspielen, wenn ein Anruf angeboten wird";
    alert_title = "Show offers in the window’s title" | "Angebote im Fenstertitel anzeigen";
}

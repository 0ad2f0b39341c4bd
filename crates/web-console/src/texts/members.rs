//! The team.

use super::{Texts, texts};

texts! {
    team_title = "Team" | "Team";
    team_search = "Name or address" | "Name oder Adresse";
    team_any_role = "Any role" | "Jede Rolle";
    team_nobody_found = "Nobody in the team matches. Try a shorter search or another role." | "Niemand im Team passt dazu. Versuchen Sie es mit einem kürzeren Suchbegriff oder einer anderen Rolle.";
    team_only_you = "So far you are alone here. Invite the people you work with." | "Bisher sind Sie hier allein. Laden Sie die Menschen ein, mit denen Sie arbeiten.";
    person = "Person" | "Person";
    last_seen = "Last seen" | "Zuletzt aktiv";
    second_factor = "Second factor" | "Zweiter Faktor";
    on = "On" | "An";
    off = "Off" | "Aus";
    you = "You" | "Sie";
    suspended = "Suspended" | "Gesperrt";
    joined = "Joined" | "Dabei seit";

    manage(name) = "Manage {name}" | "{name} verwalten";
    manage_short = "Manage" | "Verwalten";
    change_role = "Change role" | "Rolle ändern";
    role_changed(name, role) = "{name} is {role} now." | "{name} hat jetzt die Rolle {role}.";
    role_fixed = "Only Owners give or take the role of an Owner." | "Nur Inhaber können die Rolle Inhaber vergeben oder entziehen.";
    role_effect = "The new role takes effect at once. Open invitations that they could not send in the new role are revoked." | "Die neue Rolle gilt sofort. Offene Einladungen, die die Person in der neuen Rolle nicht aussprechen könnte, werden zurückgezogen.";
    changed_meanwhile = "Somebody has changed this in the meantime. This is how it is now." | "Jemand hat dies inzwischen geändert. So ist es jetzt.";

    mfa_reset = "Turn their second factor off" | "Zweiten Faktor ausschalten";
    mfa_reset_effect = "For somebody who has lost it, once you have checked that it is really them. All their sessions end, and they are told by mail." | "Für eine Person, die ihn verloren hat und deren Identität Sie geprüft haben. Alle ihre Sitzungen enden, und sie erhält eine E-Mail.";
    mfa_was_reset(name) = "{name} has no second factor any more." | "{name} hat keinen zweiten Faktor mehr.";

    remove_title(name) = "Remove {name}" | "{name} entfernen";
    remove = "Remove from the team" | "Aus dem Team entfernen";
    remove_start = "Remove…" | "Entfernen…";
    remove_effects = "What happens at once" | "Was sofort geschieht";
    remove_sessions[n] = "One session in this organization ends.", "{n} sessions in this organization end." | "Eine Sitzung in dieser Organisation endet.", "{n} Sitzungen in dieser Organisation enden.";
    remove_keys[n] = "One API key that they are responsible for keeps working, and can be handed over.", "{n} API keys that they are responsible for keep working, and can be handed over." | "Ein API-Schlüssel, für den die Person zuständig ist, gilt weiter und kann übergeben werden.", "{n} API-Schlüssel, für die die Person zuständig ist, gelten weiter und können übergeben werden.";
    remove_invitations[n] = "One open invitation of theirs is revoked unless you hand it over.", "{n} open invitations of theirs are revoked unless you hand them over." | "Eine offene Einladung der Person wird zurückgezogen, wenn Sie sie nicht übergeben.", "{n} offene Einladungen der Person werden zurückgezogen, wenn Sie sie nicht übergeben.";
    remove_calls[n] = "One call that they have taken goes back to the queue.", "{n} calls that they have taken go back to the queue." | "Ein übernommener Anruf kommt zurück in die Warteschlange.", "{n} übernommene Anrufe kommen zurück in die Warteschlange.";
    remove_account_stays = "Their account stays; they only lose access to this organization." | "Das Konto bleibt bestehen; die Person verliert nur den Zugang zu dieser Organisation.";
    remove_sole_owner = "They are the only Owner, and one must stay. Make somebody else an Owner first." | "Nur diese Person hat die Rolle Inhaber, und mindestens eine Person muss sie haben. Geben Sie die Rolle zuerst einer weiteren Person.";
    hand_over_to = "Hand over to" | "Übergeben an";
    hand_over_nobody = "Nobody" | "Niemanden";
    leave_title = "Leave the team" | "Das Team verlassen";
    leave = "Leave" | "Verlassen";
    leave_start = "Leave…" | "Verlassen…";
    leave_sessions[n] = "Your session in this organization ends.", "Your {n} sessions in this organization end." | "Ihre Sitzung in dieser Organisation endet.", "Ihre {n} Sitzungen in dieser Organisation enden.";
    leave_keys[n] = "One API key that you are responsible for keeps working, and can be handed over.", "{n} API keys that you are responsible for keep working, and can be handed over." | "Ein API-Schlüssel, für den Sie zuständig sind, gilt weiter und kann übergeben werden.", "{n} API-Schlüssel, für die Sie zuständig sind, gelten weiter und können übergeben werden.";
    leave_invitations[n] = "One open invitation of yours is revoked unless you hand it over.", "{n} open invitations of yours are revoked unless you hand them over." | "Eine offene Einladung von Ihnen wird zurückgezogen, wenn Sie sie nicht übergeben.", "{n} offene Einladungen von Ihnen werden zurückgezogen, wenn Sie sie nicht übergeben.";
    leave_calls[n] = "One call that you have taken goes back to the queue.", "{n} calls that you have taken go back to the queue." | "Ein von Ihnen übernommener Anruf kommt zurück in die Warteschlange.", "{n} von Ihnen übernommene Anrufe kommen zurück in die Warteschlange.";
    leave_account_stays = "Your account stays; you only lose access to this organization." | "Ihr Konto bleibt bestehen; Sie verlieren nur den Zugang zu dieser Organisation.";
    leave_sole_owner = "You are the only Owner, and one must stay. Make somebody else an Owner first." | "Nur Sie haben die Rolle Inhaber, und mindestens eine Person muss sie haben. Geben Sie die Rolle zuerst einer weiteren Person.";
    leave_or_delete = "If nobody is to go on here, delete the organization instead." | "Soll hier niemand weitermachen, löschen Sie stattdessen die Organisation.";
    leave_to_team = "Choose an Owner in the team" | "Im Team die Rolle Inhaber vergeben";
    leave_to_delete = "Delete the organization…" | "Organisation löschen…";
    heirs_cut(most) = "Only the first {most} people are listed here." | "Hier stehen nur die ersten {most} Personen.";
    removed(name) = "{name} is not in the team any more." | "{name} gehört nicht mehr zum Team.";
}

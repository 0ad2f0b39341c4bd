//! Invitations.

use super::{Texts, texts};

texts! {
    join_title(organization) = "Join {organization}" | "{organization} beitreten";
    join_by(inviter, organization, role) = "{inviter} invites you to join {organization} as {role}." | "{inviter} lädt Sie ein, {organization} in der Rolle {role} beizutreten.";
    join_lead(organization, role) = "You are invited to join {organization} as {role}." | "Sie sind eingeladen, {organization} in der Rolle {role} beizutreten.";
    join_address(email) = "The invitation is for {email}." | "Die Einladung gilt für {email}.";
    join_account_exists = "This address has an account already. Sign in to it to accept." | "Zu dieser Adresse gibt es schon ein Konto. Melden Sie sich damit an, um die Einladung anzunehmen.";
    join_code = "Code of your authenticator app, or a recovery code, if you use one" | "Code Ihrer Authenticator-App oder ein Wiederherstellungscode, falls Sie einen verwenden";
    join_code_needed = "Your account has a second factor: a code is needed." | "Ihr Konto hat einen zweiten Faktor: Es wird ein Code gebraucht.";
    join_with_passkey = "Do you sign in with a passkey? Sign in first, and then open the link in the mail again." | "Melden Sie sich mit einem Passkey an? Melden Sie sich zuerst an, und öffnen Sie dann den Link in der E-Mail erneut.";
    join_sign_in = "Sign in and accept" | "Anmelden und annehmen";
    join_accept = "Accept the invitation" | "Einladung annehmen";
    join_as(name, email) = "You are signed in as {name} ({email})." | "Sie sind als {name} ({email}) angemeldet.";
    join_other_title = "This invitation is for another account" | "Diese Einladung gilt für ein anderes Konto";
    join_other(invited, signed_in) = "It is for {invited}; you are signed in as {signed_in}." | "Sie gilt für {invited}; Sie sind als {signed_in} angemeldet.";
    join_other_switch = "Sign out and continue with the other account" | "Abmelden und mit dem anderen Konto weitermachen";

    invite_title = "Invite people" | "Personen einladen";
    invite = "Send invitation" | "Einladung senden";
    invite_all = "Send invitations" | "Einladungen senden";
    invite_lead(organization) = "Whoever accepts joins {organization} in the role that you choose here." | "Wer die Einladung annimmt, gehört zu {organization} in der Rolle, die Sie hier wählen.";
    invite_one = "Invite one person" | "Eine Person einladen";
    invite_many = "Invite many at once" | "Viele auf einmal einladen";
    invite_addresses = "Email addresses" | "E-Mail-Adressen";
    invite_addresses_hint = "One per line, or separated by commas; as many as 50. All get the role chosen below." | "Eine pro Zeile oder durch Kommas getrennt; bis zu 50. Alle erhalten die unten gewählte Rolle.";
    invite_none = "Enter at least one address." | "Geben Sie mindestens eine Adresse ein.";
    invite_too_many(most) = "At most {most} at once, please." | "Bitte höchstens {most} auf einmal.";
    invited(email) = "{email} is invited. The link in the mail works for seven days." | "{email} ist eingeladen. Der Link in der E-Mail gilt sieben Tage.";
    invited_title = "The invitation is on its way" | "Die Einladung ist unterwegs";
    pass_on_title = "A link to pass on" | "Ein Link zum Weitergeben";
    pass_on_what = "For somebody who cannot find the mail. The link alone lets nobody in: whoever follows it must sign in with the invited address. Somebody without an account needs the link in the mail." | "Für eine Person, die die E-Mail nicht findet. Der Link allein lässt niemanden hinein: Wer ihm folgt, muss sich mit der eingeladenen Adresse anmelden. Wer noch kein Konto hat, braucht den Link in der E-Mail.";
    pass_on_once = "It is shown only now." | "Er wird nur jetzt gezeigt.";
    pass_on_copy = "Copy the link" | "Link kopieren";
    invite_another = "Invite somebody else" | "Weitere Person einladen";
    to_the_team = "Go to the team" | "Zum Team";
    passed_on_sign_in = "Sign in with that address to accept." | "Melden Sie sich mit dieser Adresse an, um die Einladung anzunehmen.";
    passed_on_new = "No account yet? Open the link in the mail that we sent to that address: it proves that the address is yours. If it has not come, ask whoever invited you to send it again." | "Noch kein Konto? Öffnen Sie den Link in der E-Mail, die wir an diese Adresse gesendet haben: Er beweist, dass die Adresse Ihnen gehört. Ist sie nicht angekommen, bitten Sie die einladende Person, sie erneut zu senden.";
    invited_many[n] = "One invitation is on its way." , "{n} invitations are on their way." | "Eine Einladung ist unterwegs.", "{n} Einladungen sind unterwegs.";
    invited_not[n] = "One address was not invited. The reason is beside it; it is still in the field below.", "{n} addresses were not invited. The reasons are beside them; they are still in the field below." | "Eine Adresse wurde nicht eingeladen. Der Grund steht daneben; sie steht noch im Feld unten.", "{n} Adressen wurden nicht eingeladen. Die Gründe stehen daneben; sie stehen noch im Feld unten.";

    pending_title = "Pending invitations" | "Offene Einladungen";
    pending_cut(most) = "Only the first {most} are listed here. The API lists them all." | "Hier stehen nur die ersten {most}. Die API zeigt alle.";
    pending_none = "There are no open invitations." | "Es gibt keine offenen Einladungen.";
    invited_by = "Invited by" | "Eingeladen von";
    expires = "Valid until" | "Gilt bis";
    resend = "Send again" | "Erneut senden";
    resend_to(email) = "Send again: the invitation to {email}" | "Erneut senden: Einladung an {email}";
    resent(email) = "A new link is on its way to {email}. The earlier link does not work any more." | "Ein neuer Link an {email} ist unterwegs. Der vorige gilt nicht mehr.";
    revoke = "Revoke" | "Zurückziehen";
    revoke_of(email) = "Revoke the invitation of {email}" | "Einladung von {email} zurückziehen";
    revoked = "The invitation was revoked. Its link does not work any more." | "Die Einladung wurde zurückgezogen. Ihr Link gilt nicht mehr.";
}

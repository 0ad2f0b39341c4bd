//! What security controls do. The domain says it in English; here it is in the other languages, and a test sees that nothing is left out.

use super::Texts;
use rollcall_texts::{CALLS_KEEP_THEIR_KEYS, Language};

impl Texts {
    /// What a control does, as the domain says it.
    pub(crate) fn effect(self, effect: &str) -> String {
        match self.language() {
            Language::English => effect.to_owned(),
            Language::German => {
                let german = GERMAN.iter().find(|(english, _)| *english == effect);
                german.map_or(effect, |(_, german)| german).to_owned()
            }
        }
    }
}

const GERMAN: &[(&str, &str)] = &[
    (
        "The sound of calls can be uploaded, and is kept sealed by a key of this organization. While this is off, a recording is refused and nothing of it is kept.",
        "Der Ton von Anrufen kann hochgeladen werden und wird mit einem Schlüssel dieser Organisation versiegelt aufbewahrt. Solange dies ausgeschaltet ist, wird eine Aufzeichnung abgelehnt und nichts davon behalten.",
    ),
    (
        "Switching it decides about what comes after: recordings that were made before stay until they are deleted, or their time is over. Switched off, it also ends every upload that is not whole yet.",
        "Ein- und Ausschalten wirken auf das, was danach kommt: Frühere Aufzeichnungen bleiben, bis sie gelöscht werden oder ihre Frist abgelaufen ist. Das Ausschalten bricht auch jeden Upload ab, der noch nicht vollständig ist.",
    ),
    (
        "Telephone numbers, email addresses and payment card numbers are masked in transcripts before anything is stored, logged, streamed or indexed. What was masked cannot be brought back.",
        "Telefonnummern, E-Mail-Adressen und Kartennummern werden in Transkripten unkenntlich gemacht, bevor etwas gespeichert, protokolliert, übertragen oder indiziert wird. Was unkenntlich gemacht wurde, ist nicht wiederherstellbar.",
    ),
    (
        "Names, dates, addresses of streets and whatever else may identify somebody are not masked.",
        "Namen, Daten, Straßenadressen und was sonst noch jemanden erkennbar macht, wird nicht unkenntlich gemacht.",
    ),
    (
        "What the platform writes down of a call beside its transcript is not masked: the numbers of both sides, its own ids, the agent's name, and further details. People need the numbers to call back; what else must not be known there has to be left out by the platform.",
        "Was die Plattform zu einem Anruf neben dem Transkript notiert, wird nicht unkenntlich gemacht: die Nummern beider Seiten, ihre eigenen Kennungen, der Name des Agenten und weitere Angaben. Die Nummern werden für Rückrufe gebraucht; was dort sonst nicht bekannt werden darf, muss die Plattform weglassen.",
    ),
    (
        "For transcripts, switching it decides about what comes after: those that were stored before stay as they are.",
        "Bei Transkripten wirken Ein- und Ausschalten auf das, was danach kommt: Früher gespeicherte bleiben, wie sie sind.",
    ),
    (
        "Reasons for which calls are handed to human agents, and notes that agents write beside their status, are masked in the same way before they are stored. Switched on, it removes the notes that there are; reasons that were stored before stay as they are.",
        "Gründe, aus denen Anrufe an Menschen übergeben werden, und Notizen neben dem Status von Mitarbeitenden werden vor dem Speichern ebenso unkenntlich gemacht. Das Einschalten entfernt die vorhandenen Notizen; früher gespeicherte Gründe bleiben, wie sie sind.",
    ),
    (
        "Skills are compared as they are written, so none is masked: one that holds such a number or address is refused while this is on. Those from before stay.",
        "Fähigkeiten werden so verglichen, wie sie geschrieben sind, daher wird keine unkenntlich gemacht: Eine, die eine solche Nummer oder Adresse enthält, wird abgelehnt, solange dies eingeschaltet ist. Frühere bleiben.",
    ),
    (
        "Sound is not masked. For recordings, switching it therefore decides about all that there are: while it is on, only Owners and Admins can play one, also one that was made before, and also while no more calls are recorded.",
        "Ton wird nicht unkenntlich gemacht. Bei Aufzeichnungen wirken Ein- und Ausschalten daher auf alle, die es gibt: Solange der Schutz eingeschaltet ist, können nur Inhaber und Administratoren eine abspielen, auch eine frühere und auch dann, wenn keine Anrufe mehr aufgezeichnet werden.",
    ),
    (
        "Switching it off opens every recording, also those that were made while it was on, to everybody who may play recordings: Members and API keys too, and nobody is asked why.",
        "Nach dem Ausschalten können alle, die Aufzeichnungen abspielen dürfen, jede abspielen, auch solche aus der Zeit, in der der Schutz eingeschaltet war: auch Mitglieder und API-Schlüssel, und niemand wird nach dem Grund gefragt.",
    ),
    (
        "Calls are encrypted between their participants (SFrame, RFC 9605). Their keys are given to those alone that this organization allows, so that relays and networks in between hear nothing.",
        "Anrufe werden zwischen ihren Teilnehmern verschlüsselt (SFrame, RFC 9605). Ihre Schlüssel erhält nur, wen diese Organisation zulässt, sodass Vermittler und Netze dazwischen nichts hören.",
    ),
    (
        "The keys are made here and kept sealed: it protects calls on their way, and not against whoever runs this service.",
        "Die Schlüssel werden hier erzeugt und versiegelt aufbewahrt: Das schützt Anrufe unterwegs, nicht aber vor dem Betreiber dieses Dienstes.",
    ),
    (
        "Switched on, it holds for calls that have begun as well: a recording that is uploaded from then on is taken only from whoever has fetched the call's key, also where the call began without one. Of a call that is over without ever having had a key, none is taken.",
        "Eingeschaltet gilt es auch für begonnene Anrufe: Eine Aufzeichnung, die ab dann hochgeladen wird, wird nur von dem angenommen, der den Schlüssel des Anrufs abgeholt hat, auch wenn der Anruf ohne Schlüssel begann. Von einem beendeten Anruf, der nie einen Schlüssel hatte, wird keine angenommen.",
    ),
    (
        "Switched off, it decides about calls that have no key yet. A call that has one keeps to it until it ends: its participants go on getting keys, there is a new one when somebody has left, and its recording is taken only from whoever has fetched one.",
        "Das Ausschalten wirkt auf Anrufe, die noch keinen Schlüssel haben. Ein Anruf mit Schlüssel bleibt bis zum Ende verschlüsselt: Seine Teilnehmer erhalten weiter Schlüssel, es gibt einen neuen, wenn jemand gegangen ist, und seine Aufzeichnung wird nur von dem angenommen, der einen abgeholt hat.",
    ),
    (
        "Changes, sign-ins, refusals, each call made with an API key, and what other services report are kept in a log. Whoever has kept a checkpoint of it can prove that nothing was changed, left out or put in between afterwards.",
        "Änderungen, Anmeldungen, Ablehnungen, jeder Aufruf mit einem API-Schlüssel und Meldungen anderer Dienste werden in einem Protokoll aufbewahrt. Wer einen Prüfpunkt davon aufbewahrt hat, kann beweisen, dass danach nichts geändert, ausgelassen oder eingefügt wurde.",
    ),
    (
        "While it is off, changes are kept for 30 days for the needs of the platform's operator, and are not shown here. What programs do and report is not kept.",
        "Solange es ausgeschaltet ist, werden Änderungen 30 Tage für die Zwecke des Betreibers aufbewahrt und hier nicht gezeigt. Was Programme tun und melden, wird nicht aufbewahrt.",
    ),
    (
        "Switching it off is the last event of the log, and switching it on again goes on in the same one. What was written while it was on can be read and proved ever after, for as long as the plan keeps it.",
        "Das Ausschalten ist das letzte Ereignis des Protokolls, und ein erneutes Einschalten führt dasselbe fort. Was geschrieben wurde, solange es eingeschaltet war, kann auch danach gelesen und bewiesen werden, solange der Tarif es aufbewahrt.",
    ),
    (
        "Every member needs a second factor: an authenticator app or a passkey. A passkey alone will do.",
        "Jedes Mitglied braucht einen zweiten Faktor: eine Authenticator-App oder einen Passkey. Ein Passkey allein genügt.",
    ),
    (
        "Each member without one has a deadline of their own. Signing in again, leaving and coming back, or switching this off and on does not extend it.",
        "Jedes Mitglied ohne zweiten Faktor hat eine eigene Frist. Weder erneutes Anmelden noch Verlassen und Wiederkommen noch Aus- und Einschalten verlängert sie.",
    ),
    (
        "After it they can set one up, go to another of their organizations, or leave this one. Everything else is closed to them until they have set one up.",
        "Nach Ablauf können sie einen einrichten, in eine andere ihrer Organisationen wechseln oder diese verlassen. Alles andere ist ihnen verschlossen, bis sie einen eingerichtet haben.",
    ),
    ("API keys are not persons, and go on working.", "API-Schlüssel sind keine Personen und gelten weiter."),
    (
        "Call recording and end-to-end encryption are both on: nobody in between can record a call, so a recording is taken only from whoever has fetched the call's key.",
        "Anrufaufzeichnung und Ende-zu-Ende-Verschlüsselung sind beide eingeschaltet: Niemand dazwischen kann einen Anruf aufzeichnen, daher wird eine Aufzeichnung nur von dem angenommen, der den Schlüssel des Anrufs abgeholt hat.",
    ),
    (
        "End-to-end encryption is on: nobody in between could record a call, so a recording would be taken only from whoever has fetched the call's key.",
        "Die Ende-zu-Ende-Verschlüsselung ist eingeschaltet: Niemand dazwischen könnte einen Anruf aufzeichnen, daher würde eine Aufzeichnung nur von dem angenommen, der den Schlüssel des Anrufs abgeholt hat.",
    ),
    (
        "PHI protection and end-to-end encryption are both on: whoever is to transcribe a call has to take part in it, as nobody in between hears it. It is not checked who does: a transcript is taken from whoever may write calls, and masked like every other.",
        "PHI-Schutz und Ende-zu-Ende-Verschlüsselung sind beide eingeschaltet: Wer einen Anruf transkribieren soll, muss daran teilnehmen, da niemand dazwischen ihn hört. Wer das tut, wird nicht geprüft: Ein Transkript wird von jedem angenommen, der Anrufe schreiben darf, und unkenntlich gemacht wie jedes andere.",
    ),
    (
        "End-to-end encryption is on: whoever is to transcribe a call has to take part in it, as nobody in between hears it. It is not checked who does: a transcript is taken from whoever may write calls, and would be masked like every other.",
        "Die Ende-zu-Ende-Verschlüsselung ist eingeschaltet: Wer einen Anruf transkribieren soll, muss daran teilnehmen, da niemand dazwischen ihn hört. Wer das tut, wird nicht geprüft: Ein Transkript wird von jedem angenommen, der Anrufe schreiben darf, und würde unkenntlich gemacht wie jedes andere.",
    ),
    (
        "Call recording is on: nobody in between could record a call any more, so a recording would be taken only from whoever has fetched the call's key.",
        "Die Anrufaufzeichnung ist eingeschaltet: Niemand dazwischen könnte mehr einen Anruf aufzeichnen, daher würde eine Aufzeichnung nur von dem angenommen, der den Schlüssel des Anrufs abgeholt hat.",
    ),
    (
        "PHI protection is on: whoever is to transcribe a call would have to take part in it, as nobody in between would hear it. It would not be checked who does: a transcript is taken from whoever may write calls, and masked like every other.",
        "Der PHI-Schutz ist eingeschaltet: Wer einen Anruf transkribieren soll, müsste daran teilnehmen, da niemand dazwischen ihn hören würde. Wer das tut, würde nicht geprüft: Ein Transkript wird von jedem angenommen, der Anrufe schreiben darf, und unkenntlich gemacht wie jedes andere.",
    ),
    (
        "Recordings that were made while it was on can now be played by everybody who may play recordings, Members and API keys too, and nobody is asked why. What was masked in transcripts stays masked.",
        "Aufzeichnungen aus der Zeit, in der der Schutz eingeschaltet war, können dann alle abspielen, die Aufzeichnungen abspielen dürfen, auch Mitglieder und API-Schlüssel, und niemand wird nach dem Grund gefragt. Was in Transkripten unkenntlich gemacht wurde, bleibt es.",
    ),
    (
        "Calls that have a key already keep to it: their participants go on getting keys, and their recordings are taken only from them. Calls without one get none.",
        CALLS_KEEP_THEIR_KEYS,
    ),
    (
        "PHI protection is on: transcripts are masked, sound is not. So only Owners and Admins can play a recording, whenever it was made.",
        "Der PHI-Schutz ist eingeschaltet: Transkripte werden unkenntlich gemacht, Ton nicht. Daher können nur Inhaber und Administratoren eine Aufzeichnung abspielen, gleich wann sie entstanden ist.",
    ),
    (
        "Whoever plays a recording is asked for a reason each time, which is kept in the audit log.",
        "Wer eine Aufzeichnung abspielt, wird jedes Mal nach einem Grund gefragt, der im Auditprotokoll aufbewahrt wird.",
    ),
    (
        "Whoever plays a recording is asked for a reason each time. As the audit log is off, it is kept for 30 days for the needs of the platform's operator, and is not shown here.",
        "Wer eine Aufzeichnung abspielt, wird jedes Mal nach einem Grund gefragt. Da das Auditprotokoll ausgeschaltet ist, wird er 30 Tage für die Zwecke des Betreibers aufbewahrt und hier nicht gezeigt.",
    ),
    (
        "Whoever plays a recording would be asked for a reason each time, which would be kept in the audit log.",
        "Wer eine Aufzeichnung abspielt, würde jedes Mal nach einem Grund gefragt, der im Auditprotokoll aufbewahrt würde.",
    ),
    (
        "Whoever plays a recording would be asked for a reason each time. As the audit log is off, it would be kept for 30 days for the needs of the platform's operator, and not be shown here.",
        "Wer eine Aufzeichnung abspielt, würde jedes Mal nach einem Grund gefragt. Da das Auditprotokoll ausgeschaltet ist, würde er 30 Tage für die Zwecke des Betreibers aufbewahrt und hier nicht gezeigt.",
    ),
];

#[cfg(test)]
mod tests {
    use rollcall_domain::security::{Control, ControlSet};

    use super::*;

    #[test]
    fn what_controls_do_is_said_in_every_language() {
        let german = Texts::of(Language::German);
        for bits in 0..1_u32 << Control::ALL.len() {
            let on = |(place, control): (usize, Control)| (bits >> place & 1 == 1).then_some(control);
            let on: ControlSet = Control::ALL.into_iter().enumerate().filter_map(on).collect();
            for effect in Control::ALL.into_iter().flat_map(|control| control.effects(on)) {
                assert_ne!(german.effect(effect), effect);
            }
        }
        for effect in Control::ALL.into_iter().filter_map(Control::once_off) {
            assert_ne!(german.effect(effect), effect);
        }
    }
}

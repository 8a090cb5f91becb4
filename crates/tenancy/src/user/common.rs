//! Passwords that everybody tries first.
//!
//! Lists of what was stolen elsewhere hold the same few words over and over: plain, with letters replaced by the digits that look
//! like them, with a year or an exclamation mark behind. So the words are kept, and what is done to them is undone: some 400
//! words stand for far more than the thousand most common passwords.

/// What people take: words, names, teams, runs of keys, and the names of this very software.
#[rustfmt::skip]
const WORDS: &[&str] = &[
    // What the field itself is called.
    "password", "passwort", "passord", "parool", "parole", "contrasena", "senha", "motdepasse", "haslo", "heslo", "salasana",
    "pass", "passwd", "passcode", "passphrase", "pwd", "pin", "login", "logon", "signin", "letmein", "letmeinnow", "openup",
    "opensesame", "sesame", "access", "secret", "supersecret", "topsecret", "mysecret", "mypassword", "newpassword", "yourpassword",
    "thepassword", "nopassword", "changeme", "changeit", "changethis", "changenow", "default", "guest", "user", "username", "admin",
    "administrator", "administrateur", "root", "toor", "superuser", "sysadmin", "operator", "manager", "master", "test", "tester",
    "testing", "testtest", "testuser", "demo", "demodemo", "example", "sample", "temp", "temporary", "welcome", "welcomeback",
    "hello", "helloworld", "hallo", "bonjour", "whatever", "nothing", "something", "anything", "iforgot", "forgot", "remember",
    "unknown", "private", "public", "service", "server", "system", "network", "internet", "computer", "laptop", "keyboard", "monitor",
    "database", "oracle", "postgres", "mysql", "windows", "linux", "ubuntu", "debian", "cisco", "router", "switch", "google",
    "facebook", "twitter", "linkedin", "youtube", "yahoo", "hotmail", "myspace", "amazon", "apple", "microsoft", "samsung", "nokia",
    "cloud", "openstack", "slurm", "cluster", "waldur", "stoa", "mastermind", "staff", "staffstaff", "support", "owner",
    // Runs of keys that are no simple row.
    "qazwsx", "qazwsxedc", "qazxsw", "wsxedc", "zaqwsx", "zaqxsw", "zxcasdqwe", "qweasd", "qweasdzxc", "asdqwe", "poiuytrewq",
    "mnbvcxz", "abc", "abcabc", "aabbcc", "abcdef", "xyz", "qq", "azerty", "qwertz", "asd", "asdasd", "qwe", "qweqwe", "zxc", "zxczxc",
    // Beasts, seasons, days and things.
    "monkey", "dragon", "tiger", "lion", "panther", "eagle", "falcon", "phoenix", "wolf", "bear", "horse", "dolphin", "butterfly",
    "kitty", "kitten", "cat", "dog", "doggy", "puppy", "bunny", "rabbit", "chicken", "turtle", "spider", "scorpion", "snake", "shark",
    "spring", "summer", "autumn", "fall", "winter", "monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday",
    "january", "february", "march", "april", "may", "june", "july", "august", "september", "october", "november", "december",
    "sunshine", "sunflower", "rainbow", "flower", "rose", "cherry", "orange", "banana", "strawberry", "peaches", "pepper", "ginger",
    "cookie", "chocolate", "coffee", "cheese", "pizza", "sugar", "candy", "honey", "butter", "pumpkin", "peanut", "diamond",
    "crystal", "silver", "golden", "purple", "yellow", "orange", "black", "white", "green", "blue", "red", "midnight", "thunder",
    "lightning", "storm", "blizzard", "ocean", "water", "river", "mountain", "forest", "star", "moon", "planet", "galaxy", "universe",
    "matrix", "hunter", "killer", "warrior", "knight", "ninja", "samurai", "pirate", "wizard", "magic", "legend", "king", "queen",
    "prince", "princess", "angel", "devil", "heaven", "jesus", "jesuschrist", "god", "godisgood", "iloveyou", "iloveu", "ilove",
    "loveyou", "lovely", "love", "loveme", "lover", "sweetheart", "sweetie", "baby", "babygirl", "beautiful", "forever", "friend",
    "friends", "family", "mother", "father", "mommy", "daddy", "sister", "brother", "children", "freedom", "liberty", "victory",
    "success", "money", "dollar", "dollars", "lucky", "happy", "smile", "crazy", "sexy", "hottie", "cool", "super", "fuckyou",
    "fuckoff", "fuckme", "bitch", "asshole", "shit", "biteme", "blowme", "trustno", "nobody", "shadow", "silent", "secure", "security",
    // Games, films, music and sport.
    "football", "fotball", "futbol", "soccer", "baseball", "basketball", "hockey", "tennis", "golf", "golfer", "swimming", "player",
    "gamer", "gaming", "minecraft", "pokemon", "pikachu", "naruto", "zelda", "mario", "nintendo", "playstation", "xbox", "warcraft",
    "starcraft", "counterstrike", "fortnite", "roblox", "superman", "batman", "spiderman", "ironman", "wolverine", "starwars",
    "startrek", "skywalker", "jedi", "yoda", "gandalf", "frodo", "hobbit", "harrypotter", "hogwarts", "tinkerbell", "snoopy",
    "garfield", "mickey", "metallica", "slipknot", "nirvana", "beatles", "blink", "eminem", "guitar", "music", "rockyou", "rockstar",
    "barcelona", "realmadrid", "liverpool", "chelsea", "arsenal", "manchester", "juventus", "milan", "yankees", "lakers", "cowboys",
    "steelers", "redsox", "eagles", "packers", "raiders", "broncos", "patriots", "mustang", "corvette", "camaro", "ferrari",
    "porsche", "mercedes", "harley", "yamaha", "honda", "toyota",
    // Names.
    "michael", "jordan", "michelle", "jennifer", "jessica", "ashley", "amanda", "daniel", "andrew", "joshua", "matthew", "robert",
    "thomas", "william", "charlie", "george", "nicole", "hannah", "samantha", "elizabeth", "victoria", "alexander", "anthony",
    "patrick", "richard", "joseph", "justin", "brandon", "christian", "christopher", "nicholas", "jonathan", "benjamin", "steven",
    "martin", "maggie", "buster", "bailey", "tigger", "sophie", "jasmine", "natasha", "vanessa", "veronica", "alexandra", "anna",
    "maria", "andrea", "natalie", "stephanie", "melissa", "danielle", "rachel", "rebecca", "taylor", "morgan", "austin", "dakota",
    "london", "paris", "berlin", "america", "canada", "mexico", "brazil", "france", "germany", "england", "ireland", "russia",
    "estonia", "tallinn", "tartu", "chicago", "boston", "dallas", "denver", "florida", "texas", "phoenix", "orlando", "sydney",
];

/// Rows of keys, and orders that everybody knows.
const ROWS: &[&str] = &[
    "01234567890",
    "abcdefghijklmnopqrstuvwxyz",
    "qwertyuiop",
    "asdfghjkl",
    "zxcvbnm",
    "qwertzuiop",
    "azertyuiop",
    "1q2w3e4r5t6y7u8i9o0p",
    "1qaz2wsx3edc4rfv5tgb6yhn7ujm",
    "zaq12wsxcde34rfv",
];

/// Whether a password is one of those, plain or dressed up.
pub fn is_common(password: &str) -> bool {
    let folded = password.to_lowercase();
    let core = folded.trim_matches(|c: char| !c.is_alphabetic());
    let undressed = [folded.as_str(), core, folded.trim_end_matches(|c: char| !c.is_alphanumeric())];
    // Look-alikes at the ends are undone before the digits there are dropped: `pa$$w0rd` and `passw0rd1`.
    let plain = letters(&folded);
    let plain_core = letters(folded.trim_end_matches(|c: char| c.is_ascii_digit() || !c.is_alphanumeric()));
    let words = undressed.into_iter().chain([
        plain.as_str(),
        plain_core.as_str(),
        plain.trim_matches(|c: char| !c.is_alphabetic()),
    ]);
    words.into_iter().any(|word| !word.is_empty() && (WORDS.contains(&word) || is_pattern(word) || is_twice(word)))
        || is_pattern(&folded)
}

/// Digits and signs in place of the letters that they look like.
fn letters(text: &str) -> String {
    let letter = |c| match c {
        '@' | '4' => 'a',
        '8' => 'b',
        '3' => 'e',
        '1' | '!' => 'i',
        '0' => 'o',
        '5' | '$' => 's',
        '7' => 't',
        other => other,
    };
    text.chars().map(letter).collect()
}

/// A word twice is hardly better than once.
fn is_twice(text: &str) -> bool {
    let half = text.len() / 2;
    text.is_char_boundary(half) && half > 2 && text[..half] == text[half..] && WORDS.contains(&&text[..half])
}

/// Whether a text of at least four characters is a run of keys, forwards or backwards, or a short piece again and again.
fn is_pattern(text: &str) -> bool {
    let length = text.chars().count();
    if length < 4 {
        return false;
    }
    let backwards: String = text.chars().rev().collect();
    let in_row = ROWS.iter().any(|row| row.contains(text) || row.contains(&backwards));
    let pieces = (1..=3.min(length / 2)).any(|size| {
        let chars: Vec<char> = text.chars().collect();
        chars.iter().zip(&chars[size..]).all(|(one, other)| one == other)
    });
    let two_rows = ROWS.iter().any(|row| {
        (4..length).any(|at| {
            let (head, tail): (String, String) = (text.chars().take(at).collect(), text.chars().skip(at).collect());
            row.contains(&head) && ROWS.iter().any(|other| other.contains(&tail))
        })
    });
    in_row || pieces || two_rows
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_everybody_tries_is_known_in_every_dress() {
        for common in [
            "12345678",
            "123456789",
            "87654321",
            "11111111",
            "abcdefgh",
            "qwertyuiop",
            "asdfghjk",
            "1q2w3e4r",
            "1qaz2wsx",
            "password",
            "PASSWORD",
            "Password1",
            "password123",
            "P@ssw0rd",
            "p@$$w0rd!",
            "passw0rd2026",
            "letmein1",
            "trustno1",
            "Welcome123!",
            "welcome2025",
            "Summer2026!",
            "changeme",
            "admin123",
            "admin1234",
            "administrator",
            "iloveyou",
            "monkey123",
            "dragon12",
            "football1",
            "superman",
            "starwars",
            "jennifer",
            "michelle",
            "waldur123",
            "stoa2026",
            "testtest",
            "abcabcabc",
            "121212121",
            "qwerty123",
            "qwer1234",
            "abcd1234",
            "staffstaff",
            "supersecret",
            "hellohello",
            "        ",
        ] {
            assert!(is_common(common), "{common}");
        }
    }

    #[test]
    fn what_nobody_tries_first_is_not() {
        for fine in [
            "correct horse",
            "correct horse battery",
            "x9-annette.b",
            "ünïcode-ok",
            "Correct-horse-7-battery",
            "tr0ub4dor&3x",
            "blackwood77q",
        ] {
            assert!(!is_common(fine), "{fine}");
        }
    }
}

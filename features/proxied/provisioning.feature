Feature: User provisioning
  People get an account when they first sign in successfully, or before that through the server's API.
  One option turns the first way off.

  Rule: The first sign-in creates an account

    @PA-104 @PA-112
    Scenario: Somebody who is new
      Given the administrator has created an account for "alice"
      And no account exists for "bob"
      When "bob" signs in
      Then the username of "bob" is "bob" (PA-112)
      And one account has the username of "bob" (PA-104)

    @PA-105 @careless
    Scenario: Somebody new whose sign-in is refused
      Given "alice" has signed in
      When "bob" signs in with a second username header for "bob"
      Then the sign-in is refused
      And no account exists for "bob"

  Rule: The API creates accounts ahead of that

    @PA-106
    Scenario: An account that nobody has used
      When the administrator creates an account for "alice"
      Then the username of "alice" is "alice"
      And one account has the username of "alice"

    @PA-107
    Scenario: Its first sign-in
      Given the administrator has created an account for "alice"
      When "alice" signs in
      Then "alice" has the same account as before
      And one account has the username of "alice"

    @PA-109
    Scenario: The username tells whose account it is
      Given the administrator has created an account for "alice"
      And the administrator has created an account for "bob"
      When "bob" signs in
      Then "bob" has the same account as before
      And "bob" has another account than "alice"

    @PA-108
    Scenario: A username that is spelled otherwise
      Given the administrator has created an account for "alice.roe"
      When "alice_roe" signs in
      Then the username of "alice_roe" is "alice_roe"
      And "alice_roe" has another account than "alice.roe"

    @PA-342
    Scenario Outline: <created> and <sent> are two usernames
      Given the administrator has created an account for "<created>"
      When "<sent>" signs in
      Then the username of "<sent>" is "<sent>"
      And "<sent>" has another account than "<created>"

      Examples:
        | created | sent  |
        | Alice   | alice |
        | alice   | Alice |

    @PA-159
    Scenario: A unique id where usernames are the identity
      Given the administrator has created an account for "bob"
      When the administrator creates an account for "alice" with the unique id "17"
      Then the unique id "17" of "alice" is refused or ignored

    Scenario Outline: An account is given the role <role>
      When the administrator creates an account for "alice" with the role "<role>"
      Then the role of "alice" is "<role>"

      Examples:
        | rule   | role          |
        | PA-115 | viewer        |
        | PA-115 | publisher     |
        | PA-115 | administrator |

    @PA-116
    Scenario Outline: The role <role> stays at the first sign-in
      Given the administrator has created an account for "alice" with the role "<role>"
      When "alice" signs in
      Then "alice" has the same account as before
      And the role of "alice" is "<role>"

      Examples:
        | role      |
        | publisher |
        | viewer    |

  Rule: The role of a new account

    @PA-113
    Scenario: The default role
      Given a server configured with:
        | Authorization.DefaultUserRole | publisher |
      When "alice" signs in
      Then the role of "alice" is "publisher"

    @PA-114
    Scenario Outline: The role that <value> is mapped to
      Given a server configured with:
        | ProxyAuth.RoleHeader                     | X-Auth-RSC-Role |
        | Authorization.DefaultUserRole            | publisher       |
        | Authorization.UserRoleMapping            | true            |
        | Authorization.UserRoleMappingRestrictive | true            |
        | Authorization.ViewerRoleMapping          | "HR"            |
        | Authorization.ViewerRoleMapping          | "Marketing"     |
        | Authorization.ViewerRoleMapping          | "Support"       |
        | Authorization.AdministratorRoleMapping   | "IT"            |
        | Authorization.AdministratorRoleMapping   | "Support"       |
      And "alice" has the role "<value>" at the proxy
      When "alice" signs in
      Then the role of "alice" is "<role>"
      And one account has the username of "alice"

      Examples:
        | value | role          |
        | HR    | viewer        |
        | IT    | administrator |

  Rule: One option decides whether signing in creates accounts

    @PA-117 @PA-120 @alone
    Scenario: Turned off, it leaves that to the API
      Given "alice" has signed in
      When it is restarted with:
        | ProxyAuth.RegisterOnFirstLogin | false |
      And "mallory" signs in
      Then the sign-in is refused (PA-117)
      And no account exists for "mallory" (PA-117)
      When the administrator creates an account for "bob"
      And "bob" signs in
      Then the username of "bob" is "bob" (PA-120)

  Rule: Registration at the first sign-in can be turned off

    Background:
      Given a server configured with:
        | ProxyAuth.RegisterOnFirstLogin | false |
      And the administrator has created an account for "alice"
      And "alice" has signed in

    @PA-117 @PA-118 @PA-119
    Scenario: Somebody who is new
      When "mallory" signs in
      Then the sign-in is refused (PA-119)
      And a following request without identity headers is anonymous (PA-119)
      And no account exists for "mallory" (PA-118)
      When the administrator creates an account for "mallory"
      And "mallory" signs in
      Then the username of "mallory" is "mallory" (PA-117)

    @PA-120
    Scenario: Somebody whom the API has created
      Given the administrator has created an account for "bob"
      When "bob" signs in
      Then "bob" has the same account as before
      And the username of "bob" is "bob"

    @PA-121
    Scenario Outline: Nobody becomes a user by trying to <act>
      When "mallory" tries to <act>
      Then no account exists for "mallory"

      Examples:
        | act                |
        | open the dashboard |
        | create an account  |
        | publish content    |

    @SEC-014 @careless
    Scenario: Nobody can tell why they were refused
      When "mallory" signs in
      And "alice" signs in again with a second username header for "mallory"
      And somebody signs in with the username "settings"
      Then the refusals look alike

Feature: User provisioning
  A user gets an account at the first successful sign-in, or earlier if an administrator creates it through
  the API. ProxyAuth.RegisterOnFirstLogin = false turns off the creation at the first sign-in.

  Rule: The first successful sign-in creates an account

    @PA-104 @PA-112
    Scenario: The first sign-in of a new user creates one account with the username that the proxy sends
      Given the administrator has created an account for "alice"
      And no account exists for "bob"
      When "bob" signs in
      Then the username of "bob" is "bob" (PA-112)
      And one account has the username of "bob" (PA-104)

    @PA-105 @careless
    Scenario: A refused sign-in with two username headers creates no account for a new user
      Given "alice" has signed in
      When "bob" signs in with a second username header for "bob"
      Then the request is refused
      And no account exists for "bob"

  Rule: An administrator can create accounts through the API before the first sign-in

    @PA-106
    Scenario: The API creates one account with the username that the administrator sends
      When the administrator creates an account for "alice"
      Then the username of "alice" is "alice"
      And one account has the username of "alice"

    @PA-107
    Scenario: The first sign-in of a user created through the API opens the existing account and creates no other
      Given the administrator has created an account for "alice"
      When "alice" signs in
      Then "alice" has the same account as before
      And one account has the username of "alice"

    @PA-109
    Scenario: A user signs in to the account with their own username if the API has created several accounts
      Given the administrator has created an account for "alice"
      And the administrator has created an account for "bob"
      When "bob" signs in
      Then "bob" has the same account as before
      And "bob" has another account than "alice"

    @PA-108
    Scenario: A sign-in as "alice_roe" does not open the account that was created as "alice.roe"
      Given the administrator has created an account for "alice.roe"
      When "alice_roe" signs in
      Then the username of "alice_roe" is "alice_roe"
      And "alice_roe" has another account than "alice.roe"

    @PA-342
    Scenario Outline: A sign-in as "<sent>" does not open the account that was created as "<created>"
      Given the administrator has created an account for "<created>"
      When "<sent>" signs in
      Then the username of "<sent>" is "<sent>"
      And "<sent>" has another account than "<created>"

      Examples:
        | created | sent  |
        | Alice   | alice |
        | alice   | Alice |

    @PA-159
    Scenario: Without UniqueIdHeader, a unique id in a request to create an account is refused or ignored
      Given the administrator has created an account for "bob"
      When the administrator creates an account for "alice" with the unique id "17"
      Then the unique id "17" of "alice" is refused or ignored

    Scenario Outline: The API creates an account with the role <role>
      When the administrator creates an account for "alice" with the role "<role>"
      Then the role of "alice" is "<role>"

      Examples:
        | rule   | role          |
        | PA-115 | viewer        |
        | PA-115 | publisher     |
        | PA-115 | administrator |

    @PA-116
    Scenario Outline: The first sign-in does not change the role <role> of an account that was created through the API
      Given the administrator has created an account for "alice" with the role "<role>"
      When "alice" signs in
      Then "alice" has the same account as before
      And the role of "alice" is "<role>"

      Examples:
        | role      |
        | publisher |
        | viewer    |

  Rule: A new account gets the default role or the mapped role

    @PA-113
    Scenario: A new user gets the role in Authorization.DefaultUserRole
      Given a server configured with:
        | Authorization.DefaultUserRole | publisher |
      When "alice" signs in
      Then the role of "alice" is "publisher"

    @PA-114
    Scenario Outline: A new user with the value "<value>" in the role header gets the mapped role <role>
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

  Rule: After RegisterOnFirstLogin is set to false, only the API creates accounts

    @PA-117 @PA-120 @alone
    Scenario: After RegisterOnFirstLogin is set to false, a new user is refused and a user created through the API signs in
      Given "alice" has signed in
      When the server is restarted with:
        | ProxyAuth.RegisterOnFirstLogin | false |
      And "mallory" signs in
      Then the request is refused (PA-117)
      And no account exists for "mallory" (PA-117)
      When the administrator creates an account for "bob"
      And "bob" signs in
      Then the username of "bob" is "bob" (PA-120)

  Rule: With RegisterOnFirstLogin = false, only users with an account can sign in

    Background:
      Given a server configured with:
        | ProxyAuth.RegisterOnFirstLogin | false |
      And the administrator has created an account for "alice"
      And "alice" has signed in

    @PA-117 @PA-118 @PA-119
    Scenario: With RegisterOnFirstLogin = false, a new user is refused and can sign in once the API has created an account
      When "mallory" signs in
      Then the request is refused (PA-119)
      And a following request without identity headers is anonymous (PA-119)
      And no account exists for "mallory" (PA-118)
      When the administrator creates an account for "mallory"
      And "mallory" signs in
      Then the username of "mallory" is "mallory" (PA-117)

    @PA-120
    Scenario: With RegisterOnFirstLogin = false, a user created through the API signs in to the existing account
      Given the administrator has created an account for "bob"
      When "bob" signs in
      Then "bob" has the same account as before
      And the username of "bob" is "bob"

    @PA-121
    Scenario Outline: With RegisterOnFirstLogin = false, a new user who tries to <act> gets no account
      When "mallory" tries to <act>
      Then no account exists for "mallory"

      Examples:
        | act                |
        | open the dashboard |
        | create an account  |
        | publish content    |

    @SEC-014 @careless
    Scenario: The refusals of a new user, of a second username header and of a prohibited username look alike
      When "mallory" signs in
      And "alice" signs in again with a second username header for "mallory"
      And a user signs in with the username "settings"
      Then the refusals look alike

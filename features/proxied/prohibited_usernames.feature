Feature: Prohibited usernames
  Twenty names belong to the server itself. Nobody signs in under one of them and nobody is given one,
  while a name that merely contains one is like any other.

  Rule: A prohibited username cannot sign in

    Scenario Outline: Signing in as <username>
      Given somebody has signed in with the username "<username>1"
      When the same person signs in again with the username "<username>"
      Then the sign-in is refused
      And no account exists with the username "<username>"

      Examples:
        | rule   | username        |
        | PA-123 | connect         |
        | PA-124 | apps            |
        | PA-125 | users           |
        | PA-126 | groups          |
        | PA-127 | setpassword     |
        | PA-128 | user-completion |
        | PA-129 | confirm         |
        | PA-130 | recent          |
        | PA-131 | reports         |
        | PA-132 | plots           |
        | PA-133 | unpublished     |
        | PA-134 | settings        |
        | PA-135 | metrics         |
        | PA-136 | tokens          |
        | PA-137 | help            |
        | PA-138 | login           |
        | PA-139 | welcome         |
        | PA-140 | register        |
        | PA-141 | resetpassword   |
        | PA-142 | content         |

  Rule: A prohibited username cannot be given to a new user

    @PA-143
    Scenario Outline: Creating <username> through the API
      Given the administrator has created a user with the username "<username>2"
      And somebody has signed in with the username "<username>2"
      When the administrator creates a user with the username "<username>"
      Then the creation is refused
      And no account exists with the username "<username>"

      Examples:
        | username        |
        | connect         |
        | apps            |
        | users           |
        | groups          |
        | setpassword     |
        | user-completion |
        | confirm         |
        | recent          |
        | reports         |
        | plots           |
        | unpublished     |
        | settings        |
        | metrics         |
        | tokens          |
        | help            |
        | login           |
        | welcome         |
        | register        |
        | resetpassword   |
        | content         |

  Rule: A prohibited username cannot be taken up later

    Background:
      Given a server configured with:
        | ProxyAuth.UniqueIdHeader | X-Auth-Uniqueid |
        | ProxyAuth.UsernameHeader | X-Auth-Username |

    Scenario Outline: Changing the username at the proxy to <username>
      Given somebody has signed in with the username "<username>1"
      When the same person signs in again with the username "<username>"
      Then the sign-in is refused
      And no account exists with the username "<username>"

      Examples:
        | rule   | username        |
        | PA-123 | connect         |
        | PA-128 | user-completion |
        | PA-134 | settings        |
        | PA-142 | content         |

  Rule: Only the exact name is prohibited

    @PA-145
    Scenario Outline: Signing in as <username>
      When somebody signs in with the username "<username>"
      Then the sign-in is granted to "<username>"

      Examples:
        | username      |
        | content1      |
        | myapps        |
        | settings-x    |
        | user-complete |
        | helpdesk      |

  Rule: Nor can it be given to a user whose username was generated

    Background:
      Given a server configured with:
        | ProxyAuth.UniqueIdHeader | X-Auth-Uniqueid |
        | ProxyAuth.EmailHeader    | X-Auth-Email    |

    @PA-144
    Scenario Outline: Editing a generated username to <username>
      Given "jane" has signed in
      And "jane" has changed her username to "calamity"
      When "jane" changes her username to exactly "<username>"
      Then the change is refused
      And the username of "jane" is "calamity"

      Examples:
        | username        |
        | connect         |
        | apps            |
        | users           |
        | groups          |
        | setpassword     |
        | user-completion |
        | confirm         |
        | recent          |
        | reports         |
        | plots           |
        | unpublished     |
        | settings        |
        | metrics         |
        | tokens          |
        | help            |
        | login           |
        | welcome         |
        | register        |
        | resetpassword   |
        | content         |

    Scenario Outline: No username is generated that is <username>
      Given "bob" has signed in
      And "jane" has exactly the email "<username>@example.com" at the proxy
      When "jane" signs in
      Then no account exists with the username "<username>"

      Examples:
        | rule   | username |
        | PA-124 | apps     |
        | PA-134 | settings |
        | PA-142 | content  |

    @PA-143
    Scenario Outline: Creating <username> through the API, where usernames are generated
      Given the administrator has created an account for "bob"
      And "mallory" has exactly the username "<username>" at the proxy
      When the administrator creates an account for "mallory"
      Then the creation is refused
      And no account exists with the username "<username>"

      Examples:
        | username |
        | settings |
        | content  |

Feature: Prohibited usernames
  Twenty usernames are prohibited. No user can sign in with one of them, and no user can be created with
  one or renamed to one. A username that only contains a prohibited one is accepted.

  Rule: A sign-in with a prohibited username is refused

    Scenario Outline: A sign-in with the username "<username>" is refused and creates no account
      Given a user has signed in with the username "<username>1"
      When a user signs in with the username "<username>"
      Then the request is refused
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

  Rule: The API does not create users with a prohibited username

    @PA-143
    Scenario Outline: The API refuses to create a user with the username "<username>"
      Given the administrator has created a user with the username "<username>2"
      When the administrator creates a user with the username "<username>"
      Then the request is refused
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

  Rule: A user with a unique id cannot change to a prohibited username at the proxy

    Background:
      Given a server configured with:
        | ProxyAuth.UniqueIdHeader | X-Auth-Uniqueid |
        | ProxyAuth.UsernameHeader | X-Auth-Username |

    Scenario Outline: With UniqueIdHeader, a user whose username at the proxy becomes "<username>" is refused
      Given a user has signed in with the username "<username>1"
      When a user signs in with the username "<username>"
      Then the request is refused
      And no account exists with the username "<username>"

      Examples:
        | rule   | username        |
        | PA-123 | connect         |
        | PA-128 | user-completion |
        | PA-134 | settings        |
        | PA-142 | content         |

  Rule: Only an exact match with a prohibited username is refused

    @PA-145
    Scenario Outline: A user can sign in with the username "<username>"
      When a user signs in with the username "<username>"
      Then the sign-in is granted to "<username>"

      Examples:
        | username      |
        | content1      |
        | myapps        |
        | settings-x    |
        | user-complete |
        | helpdesk      |

  Rule: Where usernames are generated, no user gets a prohibited username

    Background:
      Given a server configured with:
        | ProxyAuth.UniqueIdHeader | X-Auth-Uniqueid |
        | ProxyAuth.EmailHeader    | X-Auth-Email    |

    @PA-144
    Scenario Outline: A user whose username was generated cannot change it to "<username>"
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

    Scenario Outline: The server does not generate the username "<username>" from an email address
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
    Scenario Outline: Where usernames are generated, the API refuses to create a user with the username "<username>"
      Given the administrator has created an account for "bob"
      And "mallory" has exactly the username "<username>" at the proxy
      When the administrator creates an account for "mallory"
      Then the request is refused
      And no account exists with the username "<username>"

      Examples:
        | username |
        | settings |
        | content  |
